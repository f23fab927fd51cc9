"""People at work: the real server, a real browser, one scenario from the first page to the printed sheet."""
