"""What a run did, for people: the funnel as a table, the report as a page."""
