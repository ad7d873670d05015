"""Label a sample of a corpus: `refinery label`.

What is here: the sample (`sampling`), labellers behind one protocol (`labeller`): a file that a
person fills in (`file_labeller`) and any OpenAI-compatible endpoint (`endpoint_labeller`), their
answers kept as data, and how far they agree (`agreement`). What is not: training on the result,
which is `refinery.training`.

Nothing here needs the network unless an endpoint is named, nor any package beyond the default
install.
"""

from refinery.labelling.config import LabellingRecipe, load_labelling, parse_labelling
from refinery.labelling.labeller import Answer, Failure, Labeller, Outcome, Sampled

__all__ = [
    "Answer",
    "Failure",
    "Labeller",
    "LabellingRecipe",
    "Outcome",
    "Sampled",
    "load_labelling",
    "parse_labelling",
]
