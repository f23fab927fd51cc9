"""The pages, one file for each noun; each page says who may open it."""
