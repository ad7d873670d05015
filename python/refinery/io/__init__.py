"""Files in (one module per format), shards out, quarantine."""
