"""What process owners ship: read, check and try it, without web and database."""
