#!/usr/bin/env python3
"""Draws a flame graph from what `perf script -F comm,ip,sym,dso --no-demangle` prints: perf script … | flame.py [TITLE] > graph.svg

Each box is a function, on the one that called it; its width is its share of the samples. Point at a box for its full name. Frames that
belong together have one colour, and the legend tells how much time each kind spent itself. That summary goes to stderr as well."""

import collections
import html
import re
import shutil
import subprocess
import sys

WIDTH, ROW, MARGIN, TOP = 1200, 17, 10, 64
SMALLEST = 0.6  # pixels: narrower boxes are left out
CHARACTER = 6.6  # pixels of one in the font below

# The first kind that fits wins. Names are still mangled here: Swift's tell the module ("$s14HoldfastServer…").
KINDS = (
    ("kernel", "#f0a24b", lambda name, file: file.startswith("[kernel") or file in ("[vdso]", "[guest.kernel.kallsyms]")),
    ("Holdfast", "#6bbf6b", lambda name, file: re.search(r"\d\d(Holdfast[A-Z]\w*|holdfast)", name) and not nio(name)),
    ("SwiftNIO", "#6fa8dc", lambda name, file: nio(name)),
    ("Swift runtime", "#e06666", lambda name, file: name.startswith(("swift_", "_swift_")) or re.match(r"_?\$s[Ss]\d?|_ZN?K?\d*5swift", name)),
    ("other", "#c9b1d9", lambda name, file: True),
)


def nio(name):
    """Whether the first module in a mangled Swift name is one of SwiftNIO."""
    return re.match(r"_?\$s\d+(NIO|CNIO)|_?\$s\d+_NIO|c_nio_", name) is not None


def samples(lines):
    """The stacks of perf script, each a list of (function, file) from the outermost to the innermost."""
    stack = []
    for line in lines:
        frame = re.match(r"\s+[0-9a-f]+ (.*) \((.*)\)\s*$", line)
        if frame:
            stack.append((re.sub(r"\+0x[0-9a-f]+$", "", frame[1]), frame[2]))
        elif stack:
            yield stack[::-1]
            stack = []
    if stack:
        yield stack[::-1]


def readable(names):
    """Mangled names → names for people."""
    names = sorted(names)
    told = dict(zip(names, names))
    swift, cxx = shutil.which("swift"), shutil.which("c++filt")
    for program, prefix in (([swift, "demangle", "--compact", "--simplified"], ("$s", "_$s")), ([cxx], ("_Z",))):
        mangled = [name for name in names if name.startswith(prefix)]
        if mangled and program[0]:
            out = subprocess.run(program, input="\n".join(mangled), capture_output=True, text=True, check=True).stdout.splitlines()
            if len(out) == len(mangled):
                told.update(zip(mangled, out))
    return told


class Box:
    """A function as called from one place."""

    def __init__(self, name, kind):
        self.name, self.kind = name, kind
        self.count = self.own = 0
        self.callees = {}


def grow(stacks):
    """The tree of all stacks; its root stands for everything."""
    stacks = list(stacks)
    told = readable({name for stack in stacks for name, _ in stack})
    kinds = {frame: next(i for i, (_, _, fits) in enumerate(KINDS) if fits(*frame)) for stack in stacks for frame in stack}
    root = Box("all", len(KINDS) - 1)
    for stack in stacks:
        box = root
        box.count += 1
        for frame in stack:
            name = told[frame[0]] if frame[0] != "[unknown]" else f"[{frame[1].rsplit('/', 1)[-1].strip('[]')}]"
            if name not in box.callees:
                box.callees[name] = Box(name, kinds[frame])
            box = box.callees[name]
            box.count += 1
        box.own += 1
    return root


def own_shares(root):
    """The samples of each kind, by the innermost function; and of each function."""
    by_kind, by_name = collections.Counter(), collections.Counter()
    todo = [root]
    while todo:
        box = todo.pop()
        by_kind[box.kind] += box.own
        by_name[box.name] += box.own
        todo.extend(box.callees.values())
    return by_kind, by_name


def draw(root, title):
    """The lines of the SVG."""
    scale = (WIDTH - 2 * MARGIN) / root.count
    boxes, deepest, todo = [], 0, [(root, 0, MARGIN)]
    while todo:
        box, depth, x = todo.pop()
        if box.count * scale < SMALLEST:
            continue
        boxes.append((box, depth, x))
        deepest = max(deepest, depth)
        x += box.own * scale
        for name in sorted(box.callees):
            todo.append((box.callees[name], depth + 1, x))
            x += box.callees[name].count * scale
    height = TOP + (deepest + 1) * ROW + MARGIN
    yield f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" font-family="monospace" font-size="11">'
    yield f'<rect width="{WIDTH}" height="{height}" fill="#fffdf8"/>'
    yield f'<text x="{MARGIN}" y="22" font-size="15">{html.escape(title)}</text>'
    x, by_kind = MARGIN, own_shares(root)[0]
    for i, (kind, colour, _) in enumerate(KINDS):
        label = f"{kind} {100 * by_kind[i] / root.count:.0f} %"
        yield f'<rect x="{x:.1f}" y="34" width="12" height="12" fill="{colour}"/><text x="{x + 17:.1f}" y="44">{label}</text>'
        x += 17 + len(label) * CHARACTER + 22
    for box, depth, x in boxes:
        width, y = box.count * scale, height - MARGIN - (depth + 1) * ROW
        told = html.escape(f"{box.name}: {100 * box.count / root.count:.1f} %, itself {100 * box.own / root.count:.1f} %")
        yield f'<g><title>{told}</title><rect x="{x:.1f}" y="{y}" width="{max(width - 0.4, 0.3):.1f}" height="{ROW - 1}" rx="1" fill="{KINDS[box.kind][1]}"/>'
        room = int((width - 4) / CHARACTER)
        if room >= 3:
            text = box.name if len(box.name) <= room else box.name[: room - 1] + "…"
            yield f'<text x="{x + 3:.1f}" y="{y + 12}">{html.escape(text)}</text>'
        yield "</g>"
    yield "</svg>"


def main(title="Flame graph"):
    root = grow(samples(sys.stdin))
    if not root.count:
        print("flame.py: no samples", file=sys.stderr)
        return 1
    print("\n".join(draw(root, title)))
    by_kind, by_name = own_shares(root)
    print(f"{root.count} samples: " + ", ".join(f"{KINDS[kind][0]} {100 * n / root.count:.1f} %" for kind, n in by_kind.most_common()), file=sys.stderr)
    for name, n in by_name.most_common(40):
        if n * 250 > root.count:
            print(f"{100 * n / root.count:6.1f} %  {name}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
