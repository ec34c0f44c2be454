"""docs/variants.md says what the code does."""

import importlib.util
from pathlib import Path

SCRIPT = Path(__file__).parent.parent / "scripts" / "make_variants_page.py"


def test_the_table_of_variants_is_current():
    spec = importlib.util.spec_from_file_location("make_variants_page", SCRIPT)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    assert script.PAGE.read_text(encoding="utf-8") == script.page()
