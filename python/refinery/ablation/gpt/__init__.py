"""The GPT proxy: a small transformer trained on CPU in minutes, on a GPU with the same file."""

from refinery.ablation.gpt.config import SCALES, SIZES, GptConfig
from refinery.ablation.gpt.proxy import GptProxy, lacking, proxies

__all__ = ["SCALES", "SIZES", "GptConfig", "GptProxy", "lacking", "proxies"]
