#!/usr/bin/env python3
"""Writes src/scattering/xray_table.rs, neutron_table.rs and compton_table.rs.

    pip install periodictable==2.1.0 gemmi==0.7.5 xraylib==4.3.0
    scripts/scattering-tables.py

X-rays: f0_WaasKirf.dat, the file of Waasmaier and Kirfel's parameters that the package periodictable carries.
Neutrons: the table of Neutron News 3 (1992) 29, V. F. Sears, as the package gemmi carries it; an element
without a value there is left out. Wherever periodictable's own (newer) table differs by more than 0.5 fm and
2 %, the line says so.
Compton scattering: the incoherent scattering functions of J. H. Hubbell et al., J. Phys. Chem. Ref. Data 4 (1975)
471, as the package xraylib carries them, at the points of the original to x = 5 1/A.
"""

import importlib.util
import pathlib
import re

import gemmi
import xraylib

ROOT = pathlib.Path(__file__).resolve().parent.parent
OUT = ROOT / "src" / "scattering"
LAST_ATOM = 98
CHARGE = re.compile(r"^([A-Z][a-z]?)(?:(\d+)([+-]))?$")


def periodictable_file(name):
    folder = pathlib.Path(importlib.util.find_spec("periodictable").origin).parent
    return (folder / name).read_text(encoding="utf-8")


def waasmaier_kirfel():
    """(Z, charge, a, b, c) of every atom and ion; the two valence-only forms Cval and Siva are no species."""
    lines = periodictable_file("f0_WaasKirf.dat").splitlines()
    for i, line in enumerate(lines):
        if not line.startswith("#S"):
            continue
        _, z, name = line.split()
        if not (match := CHARGE.match(name)):
            print(f"left out: {name}")
            continue
        size, sign = match.group(2) or "0", match.group(3) or "+"
        values = lines[i + 3].split()
        assert len(values) == 11, line
        yield int(z), int(sign + size), values[0:5], values[6:11], values[5]


def write_xray():
    entries = sorted(waasmaier_kirfel(), key=lambda e: (e[0], e[1]))
    neutral = [z for z, charge, *_ in entries if charge == 0]
    assert neutral == list(range(1, LAST_ATOM + 1)), "every neutral atom once"
    rows = [
        f"    ({z}, {charge}, FormFactor {{ a: [{', '.join(a)}], b: [{', '.join(b)}], c: {c} }}),"
        for z, charge, a, b, c in entries
    ]
    text = f"""//! Parameters of Waasmaier & Kirfel, Acta Cryst. A51 (1995) 416: {len(entries)} atoms and ions, H to Cf,
//! fitted to s = sin(theta)/lambda of 0 to 6 1/A. Written by `scripts/scattering-tables.py`; do not edit.

use super::xray::FormFactor;

/// Atomic number, charge, parameters; in ascending order of the first two.
#[rustfmt::skip]
pub(super) static TABLE: [(u8, i8, FormFactor); {len(entries)}] = [
""" + "\n".join(rows) + "\n];\n"
    (OUT / "xray_table.rs").write_text(text)
    print(f"xray: {len(entries)} atoms and ions")


def newer_lengths():
    """b_c per element of periodictable's table; the only stable isotope where the element has no line."""
    found = {}
    for line in periodictable_file("nsf.py").split('nsftable = """\\\n')[1].split('"""')[0].splitlines():
        name, *_ , = line.split(",")
        z, symbol, *isotope = name.split("-")
        length = re.match(r"-?[\d.]+", line.split(",")[3])
        if length and (not isotope or symbol not in found):
            found[symbol] = float(length.group())
    return found


def write_neutron():
    newer = newer_lengths()
    rows = []
    for z in range(1, 104):
        element = gemmi.Element(z)
        (length,) = element.neutron92.get_coefs()
        if length == 0.0:
            continue
        other = newer.get(element.name)
        differs = other is not None and abs(other - length) > max(0.5, 0.02 * abs(length))
        note = f" // 2003 compilation: {other}" if differs else ""
        rows.append(f"    ({z}, {length!r}),{note}")
    text = f"""//! Bound coherent scattering lengths, fm: V. F. Sears, Neutron News 3 (1992) 29, natural isotopic abundance,
//! real part, thermal neutrons (2200 m/s); {len(rows)} elements. Written by `scripts/scattering-tables.py`; do not edit.

/// Atomic number, length in fm; in ascending order.
#[rustfmt::skip]
pub(super) static TABLE: [(u8, f64); {len(rows)}] = [
""" + "\n".join(rows) + "\n];\n"
    (OUT / "neutron_table.rs").write_text(text)
    print(f"neutron: {len(rows)} elements")


HUBBELL = [0, 0.005, 0.01, 0.015, 0.02, 0.025, 0.03, 0.04, 0.05, 0.07, 0.09, 0.1, 0.125, 0.15, 0.175, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6,
           0.7, 0.8, 0.9, 1, 1.25, 1.5, 2, 2.5, 3, 3.5, 4, 5]


def write_compton():
    rows = []
    for z in range(1, LAST_ATOM + 1):
        values = [0.0] + [xraylib.SF_Compt(z, x) for x in HUBBELL[1:]]
        assert all(a <= b + 1e-3 for a, b in zip(values, values[1:])) and values[-1] <= z, z
        rows.append("    [" + ", ".join(repr(float(f"{value:.4g}")) for value in values) + "],")
    points = ", ".join(repr(float(x)) for x in HUBBELL)
    text = f"""//! Incoherent scattering functions S(x, Z), electrons: J. H. Hubbell et al., J. Phys. Chem. Ref. Data 4 (1975) 471; neutral atoms,
//! H to Cf. Written by `scripts/scattering-tables.py`; do not edit.

/// x = sin(theta)/lambda, 1/A.
#[rustfmt::skip]
pub(super) static X: [f64; {len(HUBBELL)}] = [{points}];

/// S at each x, by ascending atomic number from 1.
#[rustfmt::skip]
#[allow(clippy::approx_constant, reason = "a value near 1/π is no 1/π")]
pub(super) static TABLE: [[f64; {len(HUBBELL)}]; {LAST_ATOM}] = [
""" + "\n".join(rows) + "\n];\n"
    (OUT / "compton_table.rs").write_text(text)
    print(f"compton: {len(rows)} elements")


if __name__ == "__main__":
    write_xray()
    write_neutron()
    write_compton()
