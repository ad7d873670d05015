"""Run by datatrove's interpreter: its MinHash signature of each text.

In: one JSON object a line, `text` and `hash` (`xxhash` or `sha1`). Out: one JSON line each, all
values bucket after bucket, or null where it writes none.
"""

import functools
import json
import sys
import tempfile

from datatrove.pipeline.dedup.minhash import MinhashConfig, MinhashDedupSignature
from datatrove.utils.hashing import HashConfig


@functools.cache
def step(hash_fc):
    """The step that signs."""
    config = MinhashConfig(hash_config=HashConfig(hash_fc=hash_fc))
    return MinhashDedupSignature(tempfile.gettempdir(), config)


for line in sys.stdin:
    question = json.loads(line)
    signer = step(question["hash"])
    shingles = signer.get_shingles(question["text"])
    signature = signer.get_signature(shingles) if shingles.size else None
    sys.stdout.write(json.dumps(signature and [v for bucket in signature for v in bucket]) + "\n")
