"""Renders the example messages of tests/messages.py into docs/examples, for people who want to see them, and for a test.

python scripts/message_examples.py               write what mail programs and chat services get
python scripts/message_examples.py --check       name the files that are not what the code gives today
python scripts/message_examples.py --pictures    take pictures of them for docs/img with Chromium
"""

import os
import shutil
import sys
from base64 import b64encode
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES, PICTURES = ROOT / "docs" / "examples", ROOT / "docs" / "img"
MAIL, TELEPHONE = 640, 360  # CSS pixels
SHOTS = (  # picture, example, width, theme
    ("change-light", "change", MAIL, "light"),
    ("change-dark", "change", MAIL, "dark"),
    ("change-telephone", "change", TELEPHONE, "dark"),
    ("reassurance-light", "reassurance", MAIL, "light"),
    ("reassurance-dark", "reassurance", MAIL, "dark"),
    ("failure-light", "failure", MAIL, "light"),
    ("failure-dark", "failure", MAIL, "dark"),
)


def main() -> int:
    """Write, check or take pictures; give the exit code."""
    sys.path.insert(0, str(ROOT))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "scmmon_site.settings")
    import django

    django.setup()
    if "--check" in sys.argv[1:]:
        wrong = outdated()
        sys.stderr.writelines(
            f"docs/examples/{name}: not what is rendered today\n" for name in wrong
        )
        return 1 if wrong else 0
    take_pictures() if "--pictures" in sys.argv[1:] else write()
    return 0


def rendered() -> dict[str, str]:
    """Return the content of each file of docs/examples by its name."""
    from alerts.rendering import brief_of, html_of, text_of
    from tests.messages import MESSAGES, parcel_of

    shows = {"html": html_of, "txt": text_of, "chat.txt": brief_of}
    return {
        f"{name}.{ending}": f"{show(parcel_of(message)).strip()}\n"
        for name, message in MESSAGES.items()
        for ending, show in shows.items()
    }


def write() -> None:
    """Write all of them, and remove what is none of them any more."""
    shutil.rmtree(EXAMPLES, ignore_errors=True)
    EXAMPLES.mkdir(parents=True)
    for name, content in rendered().items():
        (EXAMPLES / name).write_text(content)


def outdated() -> list[str]:
    """Return the names of files that are absent, too many, or not what they should be."""
    there = (
        {file.name: file.read_text() for file in EXAMPLES.iterdir()} if EXAMPLES.is_dir() else {}
    )
    wanted = rendered()
    names = sorted(there.keys() | wanted.keys())
    return [name for name in names if there.get(name) != wanted.get(name)]


def take_pictures() -> None:
    """Show them in Chromium as mail programs do, with the plot in its place."""
    from playwright.sync_api import sync_playwright

    from tests.messages import PLOT, plot_png

    plot = f"data:image/png;base64,{b64encode(plot_png()).decode()}"
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))))
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        for picture, name, width, theme in SHOTS:
            page = chromium.new_page(
                viewport={"width": width, "height": 400},
                color_scheme="dark" if theme == "dark" else "light",
            )
            shown = (EXAMPLES / f"{name}.html").read_text()
            page.set_content(shown.replace(f"cid:{PLOT.name}@scmmon", plot))
            page.screenshot(path=PICTURES / f"message-{picture}.png", full_page=True)
            page.close()
        chromium.close()


if __name__ == "__main__":
    sys.exit(main())
