"""What the samples and tests are made of: drawings, what a phone writes beside them, and small documents."""

from __future__ import annotations

import io
import struct
import zipfile
from pathlib import Path

from PIL import Image, ImageDraw, ImageFilter


def photo(width: int = 480, height: int = 360) -> Image.Image:
    """A landscape with an unmistakable top: sky, sun, hill and a house."""
    sky = Image.linear_gradient("L").resize((width, height))
    scene = Image.merge(
        "RGB", (sky.point(lambda v: 70 + v // 2), sky.point(lambda v: 130 + v // 3), sky.point(lambda v: 250 - v // 4))
    )
    pen = ImageDraw.Draw(scene)
    pen.ellipse((width * 0.72, height * 0.08, width * 0.88, height * 0.30), fill=(255, 214, 70))
    pen.ellipse((-width * 0.2, height * 0.6, width * 1.1, height * 1.6), fill=(62, 130, 60))
    pen.rectangle((width * 0.22, height * 0.45, width * 0.42, height * 0.72), fill=(196, 72, 52))
    pen.polygon(
        [(width * 0.18, height * 0.46), (width * 0.32, height * 0.28), (width * 0.46, height * 0.46)], fill=(92, 52, 40)
    )
    pen.rectangle((width * 0.29, height * 0.56, width * 0.35, height * 0.72), fill=(250, 240, 200))
    return scene.filter(ImageFilter.GaussianBlur(0.8))


def logo(side: int = 256) -> Image.Image:
    """A ring on nothing."""
    art = Image.new("RGBA", (side, side), (0, 0, 0, 0))
    pen = ImageDraw.Draw(art)
    pen.ellipse((side * 0.08, side * 0.08, side * 0.92, side * 0.92), fill=(24, 150, 110, 255))
    pen.ellipse((side * 0.3, side * 0.3, side * 0.7, side * 0.7), fill=(0, 0, 0, 0))
    return art.filter(ImageFilter.SMOOTH)


def ball(count: int = 12, side: int = 160) -> list[Image.Image]:
    """A ball that bounces on nothing: only right when each frame is cleared before the next."""
    frames = []
    for index in range(count):
        frame = Image.new("RGBA", (side, side), (0, 0, 0, 0))
        fall = abs(index - count / 2) / (count / 2)
        top = side * (0.62 - 0.55 * (1 - fall**2))
        left = side * (0.05 + 0.6 * index / count)
        ImageDraw.Draw(frame).ellipse(
            (left, top, left + side * 0.3, top + side * 0.3), fill=(225, 60 + 12 * index, 60, 255)
        )
        frames.append(frame)
    return frames


def exif(orientation: int) -> Image.Exif:
    """What a phone writes: its make and model, the time, the place."""
    tags = Image.Exif()
    tags[0x0112], tags[0x010F], tags[0x0110] = orientation, "Acme", "Phone 9"
    tags[0x0132], tags[0x013B] = "2026:05:17 18:03:22", "Jo Example"
    tags.get_ifd(0x8825).update({1: "N", 2: (48.0, 51.0, 29.9), 3: "E", 4: (2.0, 17.0, 40.2)})
    return tags


def display_p3() -> bytes:
    """An ICC profile for Display P3 (ICC.1:2001-04): a matrix, adapted to D50, and a gamma of 2.2."""

    def fixed(*values: float) -> bytes:
        return b"".join(struct.pack(">i", round(value * 65536)) for value in values)

    name = b"Display P3\0"
    gamma = b"curv" + bytes(4) + struct.pack(">IH", 1, round(2.2 * 256)) + bytes(2)
    tags = {
        b"desc": b"desc" + bytes(4) + struct.pack(">I", len(name)) + name + bytes(78 + 1),
        b"cprt": b"text" + bytes(4) + b"No copyright\0\0\0\0",
        b"wtpt": b"XYZ " + bytes(4) + fixed(0.96420, 1.0, 0.82491),
        b"rXYZ": b"XYZ " + bytes(4) + fixed(0.51512, 0.24120, -0.00105),
        b"gXYZ": b"XYZ " + bytes(4) + fixed(0.29198, 0.69225, 0.04189),
        b"bXYZ": b"XYZ " + bytes(4) + fixed(0.15710, 0.06657, 0.78407),
        b"rTRC": gamma,
        b"gTRC": gamma,
        b"bTRC": gamma,
    }
    index, body = struct.pack(">I", len(tags)), b""
    start = 128 + 4 + 12 * len(tags)
    for tag, data in tags.items():
        index += tag + struct.pack(">II", start + len(body), len(data))
        body += data.ljust(len(data) + -len(data) % 4, b"\0")
    head = struct.pack(">I4sI4s4s4s", start + len(body), bytes(4), 0x02400000, b"mntr", b"RGB ", b"XYZ ")
    head += struct.pack(">6H4s", 2026, 1, 1, 0, 0, 0, b"acsp") + bytes(28) + fixed(0.96420, 1.0, 0.82491)
    return head.ljust(128, b"\0") + index + body


LETTER = "Dear reader, this page was made by mediaprep's tests."


def pdf(path: Path) -> None:
    """One page with one line (ISO 32000-1, 7.5)."""
    content = f"BT /F1 14 Tf 72 720 Td ({LETTER}) Tj ET"
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
        "/Resources << /Font << /F1 5 0 R >> >> >>",
        f"<< /Length {len(content)} >>\nstream\n{content}\nendstream",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    out = io.BytesIO()
    out.write(b"%PDF-1.4\n")
    places = []
    for number, body in enumerate(objects, 1):
        places.append(out.tell())
        out.write(f"{number} 0 obj\n{body}\nendobj\n".encode())
    index = out.tell()
    rows = "".join(f"{place:010} 00000 n \n" for place in places)
    out.write(f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{rows}".encode())
    out.write(f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{index}\n%%EOF\n".encode())
    path.write_bytes(out.getvalue())


def office(path: Path, part: str, kind: str, body: str) -> None:
    """The smallest Office Open XML package (ECMA-376 part 2) with one part."""
    word = "application/vnd.openxmlformats-officedocument"
    types = (
        '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/{part}" ContentType="{word}.{kind}.main+xml"/></Types>'
    )
    links = (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" '
        'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" '
        f'Target="{part}"/></Relationships>'
    )

    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        for name, text in (("[Content_Types].xml", types), ("_rels/.rels", links), (part, body)):
            package.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), f'<?xml version="1.0"?>\n{text}')


def docx(path: Path) -> None:
    body = f"<w:body><w:p><w:r><w:t>{LETTER}</w:t></w:r></w:p></w:body>"
    scheme = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    document = f'<w:document xmlns:w="{scheme}">{body}</w:document>'
    office(path, "word/document.xml", "wordprocessingml.document", document)


def text(path: Path) -> None:
    path.write_text(f"{LETTER}\n", encoding="utf-8")
