#!/usr/bin/env python3
"""Writes tests/cif/expected.json: what gemmi reads in the CIFs of tests/cif and in the reference data;
and tests/cif/settings.json: the space groups' settings that it knows.

    pip install gemmi          # 0.7.5 was used
    COREFINE_REFERENCE_DATA=../shared/data scripts/cif-expected.py

Of the reference data, which are other people's, only the cell, counts and sums are kept.
Where gemmi reads less than the project's reader does by intention, this script makes up for it, and says so here:

* tags with dots (DDLm, `_atom_site.fract_x`) are renamed to their old names before gemmi sees them;
* tensors in the beta form are converted here, `U_ij = beta_ij / (2 pi^2 a*_i a*_j)`, and B ones by `B / 8 pi^2`;
* sites without coordinates, sites with `_atom_site_calc_flag dum` and those whose type symbol is `.` are dropped;
* charges and elements in spellings that gemmi leaves aside, and symbols that it does not know, stand in the tables below.
"""

import json
import math
import os
import pathlib
import re
import sys

import gemmi

ROOT = pathlib.Path(__file__).resolve().parent.parent
UGLY = ROOT / "tests" / "cif"

# Space groups of files without operators whose symbol gemmi does not know, in gemmi's spelling.
SYMBOLS = {
    "02_icsd.cif": "F d -3 m:2",  # ICSD's letter Z: origin choice 2
    "10_r3m_rhombohedral.cif": "R -3 m:R",  # the cell says so
    "11_unique_axis_c.cif": "P 1 1 21/b",  # the cell says so
}
# Species of labels and symbols that gemmi reads otherwise, and why.
SPECIES = {
    ("13_labels_only.cif", "CA"): ["C", 0],  # no Ca in the formula
    ("13_labels_only.cif", "HO1"): ["H", 0],  # no Ho in the formula
    ("13_labels_only.cif", "D1"): ["H", 0],  # deuterium has the form factor of H
    ("13_labels_only.cif", "O2-"): ["O", -2],
    ("13_labels_only.cif", "Na+"): ["Na", 1],
    ("13_labels_only.cif", "OW1"): ["O", 0],  # no element Ow
    ("14_beta.cif", "Fe1"): ["Fe", 3],  # mean valence 2.6, rounded
}
NUMBERS = ("11", "22", "33", "12", "13", "23")


def text_of(path):
    data = path.read_bytes().removeprefix(b"\xef\xbb\xbf")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def block_of(path):
    text = text_of(path)
    text = re.sub(r"(?m)^(_\w+)\.", r"\1_", text)
    document = gemmi.cif.read_string(text)
    return next(block for block in document if block.find_values("_atom_site_fract_x"))


def operators(block, small, name):
    listed = [gemmi.Op(text) for text in small.symops if text not in "?."]
    if not listed:
        group = gemmi.find_spacegroup_by_name(SYMBOLS[name]) if name in SYMBOLS else None
        hall = small.spacegroup_hall
        if group is None and hall:
            listed = list(gemmi.symops_from_hall(hall))
        else:
            group = group or gemmi.find_spacegroup_by_name(small.spacegroup_hm) if small.spacegroup_hm else group
            group = group or gemmi.find_spacegroup_by_number(small.spacegroup_number)
            listed = list(group.operations())
    return sorted({gemmi.Op(op.wrap().triplet()).triplet() for op in listed})


def column(block, tag, count):
    values = list(block.find_values(tag))
    return values if len(values) == count else ["?"] * count


def kept_rows(block):
    xs = list(block.find_values("_atom_site_fract_x"))
    flags = column(block, "_atom_site_calc_flag", len(xs))
    symbols = list(block.find_values("_atom_site_type_symbol")) or ["?"] * len(xs)
    known = [x not in "?." for x in xs]
    return [i for i in range(len(xs)) if known[i] and flags[i] != "dum" and symbols[i] != "."]


def tensors(block, cell):
    """U tensors by label, in the order 11 22 33 12 13 23."""
    found = {}
    a = cell.reciprocal()
    stars = (a.a, a.b, a.c)
    for form in ("U", "B", "beta"):
        table = block.find(["_atom_site_aniso_label"] + [f"_atom_site_aniso_{form}_{ij}" for ij in NUMBERS])
        for row in table:
            values = [gemmi.cif.as_number(row[k]) for k in range(1, 7)]
            if any(math.isnan(value) for value in values):
                continue
            if form == "B":
                values = [value / (8 * math.pi**2) for value in values]
            if form == "beta":
                pairs = [(int(ij[0]) - 1, int(ij[1]) - 1) for ij in NUMBERS]
                values = [v / (2 * math.pi**2 * stars[i] * stars[j]) for v, (i, j) in zip(values, pairs)]
            found[gemmi.cif.as_string(row[0])] = values
    return found


def displacement(block, row, label, count, aniso):
    kind = column(block, "_atom_site_adp_type", count)[row].lower()
    kind = column(block, "_atom_site_thermal_displace_type", count)[row].lower() if kind in "?." else kind
    if label in aniso and not kind.endswith("iso"):
        return aniso[label]
    u = gemmi.cif.as_number(column(block, "_atom_site_U_iso_or_equiv", count)[row])
    b = gemmi.cif.as_number(column(block, "_atom_site_B_iso_or_equiv", count)[row])
    if not math.isnan(u):
        return u
    return None if math.isnan(b) else b / (8 * math.pi**2)


def species(site, name):
    given = SPECIES.get((name, site.label))
    turned = re.fullmatch(r"[A-Za-z]+([+-]\d)", site.type_symbol)  # Ti+4 for Ti4+, whose charge gemmi leaves aside
    return given or [site.element.name, int(turned[1]) if turned else round(site.charge)]


def ugly(path):
    block = block_of(path)
    small = gemmi.make_small_structure_from_block(block)
    count = len(small.sites)
    aniso = tensors(block, small.cell)
    sites = []
    for row in kept_rows(block):
        site = small.sites[row]
        sites.append({
            "label": site.label,
            "species": species(site, path.name),
            "fract": [site.fract.x, site.fract.y, site.fract.z],
            "occ": site.occ,
            "u": displacement(block, row, site.label, count, aniso),
        })
    return {"cell": list(small.cell.parameters), "operators": operators(block, small, path.name), "sites": sites}


def reference(path):
    block = block_of(path)
    small = gemmi.make_small_structure_from_block(block)
    count = len(small.sites)
    aniso = tensors(block, small.cell)
    sums = {}
    u_sum = 0.0
    for row in kept_rows(block):
        site = small.sites[row]
        total = sums.setdefault(site.element.name, [0.0] * 5)
        for k, value in enumerate((1.0, site.fract.x, site.fract.y, site.fract.z, site.occ)):
            total[k] += value
        u = displacement(block, row, site.label, count, aniso)
        u_sum += sum(u) if isinstance(u, list) else u or 0.0
    return {
        "cell": list(small.cell.parameters),
        "operators": len(operators(block, small, path.name)),
        "elements": sums,
        "charges": sum(round(small.sites[row].charge) for row in kept_rows(block)),
        "u": u_sum,
    }


def checksum(operations):
    """A number that names a set of operators, whatever their order: each operator's 12 whole numbers to base 31."""
    total = 0
    for op in operations:
        # The rotation column by column, then the translation in 24ths.
        numbers = [op.rot[i][j] // op.DEN for j in range(3) for i in range(3)]
        numbers += [t * 24 // op.DEN % 24 for t in op.tran]
        total += sum((n + 1) * 31**k for k, n in enumerate(numbers)) % 1_000_000_007
    return total


def settings():
    """The 530 settings of the tables: symbol with its choice, number, order, checksum."""
    table = list(gemmi.spacegroup_table())[:530]
    return [[g.xhm(), g.number, len(list(g.operations())), checksum(g.operations())] for g in table]


def main():
    folder = pathlib.Path(os.environ.get("COREFINE_REFERENCE_DATA", ""))
    if not os.environ.get("COREFINE_REFERENCE_DATA"):
        sys.exit("set COREFINE_REFERENCE_DATA to the folder of reference data")
    files = sorted(folder.rglob("*.cif"))
    expected = {
        "made_by": f"scripts/cif-expected.py with gemmi {gemmi.__version__}",
        "ugly": {path.name: ugly(path) for path in sorted(UGLY.glob("[0-9]*.cif"))},
        "reference": {str(path.relative_to(folder)): reference(path) for path in files},
    }
    (UGLY / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")
    rows = ",\n".join(json.dumps(row) for row in settings())
    (UGLY / "settings.json").write_text(f"[\n{rows}\n]\n")


if __name__ == "__main__":
    main()
