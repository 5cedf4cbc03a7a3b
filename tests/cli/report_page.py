"""Reading a report's page: a strict walk over its markup, its tables, its pictures."""

import html.parser
import urllib.parse

VOID = {"meta", "img", "br", "link", "hr", "wbr"}


class Page(html.parser.HTMLParser):
    """Tags that nest as they must, and what tables, pictures and commands hold."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.tables, self.images, self.commands, self.texts = [], {}, [], [], []
        self.tags, self.attributes, self.section, self.ids = set(), [], None, []
        self.caption = self.cell = None
        self.feed(text)
        self.close()
        assert not self.open, self.open

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.tags.add(tag)
        self.attributes += [(tag, name, value) for name, value in attributes.items()]
        if "id" in attributes:
            self.ids.append(attributes["id"])
        if tag == "section":
            self.section = attributes["id"]
        if tag == "img":
            self.images.append((attributes["alt"], attributes["src"]))
        if tag == "caption":
            self.caption = ""
        if tag == "tr":
            self.row = []
        if tag in ("td", "th"):
            self.cell = {"text": "", "note": "", "value": None, "style": attributes.get("style", "")}
        if tag == "data":
            self.cell["value"] = float(attributes["value"])
        if tag not in VOID:
            self.open.append((tag, attributes.get("class")))

    def handle_endtag(self, tag):
        assert self.open and self.open[-1][0] == tag, (tag, self.open)
        self.open.pop()
        if tag == "caption":
            self.rows = self.tables.setdefault((self.section, self.caption), [])
        if tag in ("td", "th"):
            self.row.append(self.cell)
            self.cell = None
        if tag == "tr":
            self.rows.append(self.row)

    def handle_data(self, text):
        tag, kind = self.open[-1] if self.open else (None, None)
        if tag == "caption":
            self.caption += text
        elif self.cell is not None:
            self.cell["note" if kind == "note" else "text"] += text
        elif tag == "code":
            self.commands.append((self.section, text))
        self.texts.append((tag, text))

    def table(self, section, start=""):
        """The rows of the first table of a section whose caption begins so, without the heads."""
        return next(rows[1:] for (where, caption), rows in self.tables.items()
                    if where == section and caption.startswith(start))

    def figures(self, section, start=""):
        """The exact numbers behind a table of plans over lengths."""
        return {row[0]["text"]: [cell["value"] for cell in row[1:]] for row in self.table(section, start)}

    def pictures(self):
        """The SVG of each picture."""
        prefix = "data:image/svg+xml,"
        for _, source in self.images:
            assert source.startswith(prefix), source[:60]
        return [urllib.parse.unquote(source[len(prefix):]) for _, source in self.images]


def rgb_of(style):
    """The ground of a coloured cell."""
    colour = style.split("background:#")[1][:6]
    return tuple(int(colour[i:i + 2], 16) for i in (0, 2, 4))
