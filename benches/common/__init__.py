"""What the benches share: a corpus, a clock, figures, and the record they write."""
