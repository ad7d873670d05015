"""The GPT proxy: a small transformer trained on CPU in minutes, on a GPU with the same file."""

from refinery.ablation.gpt.config import SIZES, GptConfig
from refinery.ablation.gpt.proxy import GptProxy, proxies

__all__ = ["SIZES", "GptConfig", "GptProxy", "proxies"]
