"""The door for people: pages rendered on the server, shortened by htmx where there is JavaScript."""
