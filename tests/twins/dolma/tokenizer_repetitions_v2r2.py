"""Twin of `dolma.tokenizer_repetitions_v2r2`."""


def signals(ids: list[int]) -> dict[str, float]:
    """Every signal of a document with the given token ids."""
    found = []
    for period in range(1, 14):
        at = 0
        while at < len(ids):
            end = at + period
            while end < len(ids) and ids[end] == ids[end - period]:
                end += 1
            times = (end - at) // period
            if times >= 3:
                found.append((at, end, times))
            at = max(end - period, at) + 1
    outer = [
        one
        for one in found
        if not any(
            other != one
            and other[0] <= one[0]
            and one[1] <= other[1]
            and (other[:2] != one[:2] or other[2] > one[2])
            for other in found
        )
    ]
    return {"max_repeats": max((times for _, _, times in outer), default=0)}
