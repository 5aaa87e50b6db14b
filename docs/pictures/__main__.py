"""Writes every picture beside the documents: `python -m docs.pictures`."""

from pathlib import Path

from docs.pictures import draw, pictures

for name, picture in pictures().items():
    (Path(__file__).parents[1] / f"{name}.svg").write_text(draw(picture))
