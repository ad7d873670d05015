"""Is what a filter keeps worth more per token? Arms, proxy models, statistics, the curve."""
