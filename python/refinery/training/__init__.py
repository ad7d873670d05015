"""Train a quality classifier from one YAML file: `refinery train`.

What is here: reading and drawing examples (`reading`), holding works out (`splitting`), judging
(`measure`), the model card (`card`), self-training (`self_training`). What is not: the call of the
library and the sidecar, which are in `refinery.scoring`.

Needs the optional extra ``train``.
"""

from refinery.training.config import Recipe, load_recipe, parse_recipe

__all__ = ["Recipe", "load_recipe", "parse_recipe"]
