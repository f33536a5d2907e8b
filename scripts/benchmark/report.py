"""Tables in Markdown and bars in SVG."""

import textwrap
from html import escape

# Colours that a page in light and one in dark mode both show.
COLOURS = ["#d97706", "#4f7cac", "#6b9080", "#9a8c98", "#b56576", "#7a9e3f"]
WRAP = 120
WIDTH, LABEL, LINE = 760, 230, 24


def prose(text: str) -> str:
    """A paragraph, wrapped anew."""
    return textwrap.fill(" ".join(text.split()), WRAP, break_long_words=False, break_on_hyphens=False)


def times(value: float) -> str:
    return f"{value:.2f} ×" if value < 10 else f"{value:.0f} ×"


def micros(value_s: float) -> str:
    micro = value_s * 1e6
    return f"{micro:.2f} µs" if micro < 100 else f"{micro:.0f} µs"


def milliseconds(value_s: float) -> str:
    return f"{value_s * 1e3:.1f} ms"


def nanoseconds(value_ns: float) -> str:
    return f"{value_ns:,.0f} ns"


def megabytes(value: float) -> str:
    return f"{value:.1f} MB"


def table(head: list[str], lines: list[list]) -> str:
    """The first column's text is on the left, numbers are on the right."""
    rule = ["---", *["---:"] * (len(head) - 1)]
    padded = [[*line, *[""] * (len(head) - len(line))] for line in lines]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in [head, rule, *padded])


def bars(title: str, groups: dict[str, dict[str, float]], form=times) -> str:
    """Groups of horizontal bars, all on one scale, as a picture."""
    most = max(value for group in groups.values() for value in group.values())
    room = WIDTH - LABEL - 90
    names = list(dict.fromkeys(name for group in groups.values() for name in group))
    y, parts = 30, [text(0, 18, title, "font-weight='bold'")]
    for group, values in groups.items():
        y += 10
        parts.append(text(0, y + 12, group, "font-style='italic'"))
        y += LINE
        for name, value in values.items():
            length = max(1.0, value / most * room)
            colour = COLOURS[names.index(name) % len(COLOURS)]
            parts.append(text(LABEL - 8, y + 12, name, "text-anchor='end'"))
            parts.append(f"<rect x='{LABEL}' y='{y}' width='{length:.1f}' height='{LINE - 8}' fill='{colour}'/>")
            parts.append(text(LABEL + length + 6, y + 12, form(value)))
            y += LINE
    head = f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH} {y + 6}' width='{WIDTH}' role='img'"
    style = "font-family='system-ui, sans-serif' font-size='13' fill='#808890'"
    return "\n".join([f"{head} {style}>", f"<title>{escape(title)}</title>", *parts, "</svg>", ""])


def text(x: float, y: float, words: str, style: str = "") -> str:
    return f"<text x='{x:.1f}' y='{y}' {style}>{escape(words)}</text>"
