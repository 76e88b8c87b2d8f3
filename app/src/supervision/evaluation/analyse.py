"""The analysis that was fixed before anything was seen. Needs Python 3 alone: python3 analyse.py outcomes.csv

Effect: in each period with both kinds of people, the share with the outcome among those who had what was tried, less the share
among those who had it not yet; periods weighed by how well each tells. Test: the lot is drawn again 10,000 times (over groups where the
design is stepped, over people where it is a waiting list), and it is counted how often chance alone gives as large an effect.
"""
import csv
import random
import sys


def read(path):
    with open(path, newline="") as file:
        return [
            {"person": r["person"], "group": r["group"], "period": int(r["period"]), "exposed": int(r["exposed"]), "outcome": int(r["outcome"])}
            for r in csv.DictReader(file)
        ]


def effect(rows, exposed):
    above = below = 0.0
    for period in sorted({r["period"] for r in rows}):
        sides = {0: [], 1: []}
        for r in rows:
            if r["period"] == period:
                sides[exposed(r)].append(r["outcome"])
        if not sides[0] or not sides[1]:
            continue
        weight = 1 / (1 / len(sides[0]) + 1 / len(sides[1]))
        above += weight * (sum(sides[1]) / len(sides[1]) - sum(sides[0]) / len(sides[0]))
        below += weight
    return above / below if below else float("nan")


def main(path):
    rows = read(path)
    found = effect(rows, lambda r: r["exposed"])
    # Who was exposed when, by the unit that the lot was drawn over.
    groups = sorted({r["group"] for r in rows})
    unit = "group" if len({(r["group"], r["period"], r["exposed"]) for r in rows}) == len({(r["group"], r["period"]) for r in rows}) and len(groups) > 2 else "person"
    units = sorted({r[unit] for r in rows})
    when = {u: {r["period"]: r["exposed"] for r in rows if r[unit] == u} for u in units}
    draw = random.Random(20260101)
    times, as_large = 10000, 0
    for _ in range(times):
        shuffled = dict(zip(units, draw.sample([when[u] for u in units], len(units))))
        drawn = effect(rows, lambda r: shuffled[r[unit]].get(r["period"], r["exposed"]))
        as_large += abs(drawn) >= abs(found) - 1e-12
    print(f"people {len({r['person'] for r in rows})}, rows {len(rows)}, lot drawn over: {unit}")
    print(f"effect {found:+.4f} (share of people with the outcome in a period, with less without)")
    print(f"p {(as_large + 1) / (times + 1):.4f}")


main(sys.argv[1])
