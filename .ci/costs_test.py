"""docs/costs.md says what tools/costs.py works out, and that knows what the template deploys."""

import importlib.util
import pathlib
import re
import subprocess
import sys
import unittest

ROOT = pathlib.Path(__file__).parent.parent
PATH = ROOT / "tools" / "costs.py"
SPEC = importlib.util.spec_from_file_location("costs", PATH)
COSTS = importlib.util.module_from_spec(SPEC)
# A dataclass looks its module up.
sys.modules["costs"] = COSTS
SPEC.loader.exec_module(COSTS)

PAGE = (ROOT / "docs" / "costs.md").read_text(encoding="utf-8")
TEMPLATE = (ROOT / "template.yaml").read_text(encoding="utf-8")


def resources():
    """The text of each resource of the template."""
    body = TEMPLATE[TEMPLATE.index("\nResources:\n"):TEMPLATE.index("\nOutputs:\n")]
    return re.split(r"^  (?=\w+:$)", body, flags=re.M)[1:]


class Costs(unittest.TestCase):
    def test_the_page_has_the_tables_that_the_script_prints(self):
        printed = subprocess.run([sys.executable, str(PATH)], capture_output=True, text=True, check=True).stdout
        tables = printed.strip().split("\n\n")
        self.assertEqual(len(tables), 2)
        for table in tables:
            self.assertGreater(table.count("\n"), 5)
            self.assertIn(f"\n\n{table}\n\n", PAGE)

    def test_the_page_begins_with_the_sums_of_the_table(self):
        sums = re.search(r"\*\*at list price\*\* \| \*\*(\S+)\*\* \| \*\*\S+\*\* \| \*\*(\S+)\*\*", PAGE)
        self.assertIn(f"{sums[1]} for 10 services, {sums[2]} for 1,000", PAGE[:400])

    def test_every_price_of_the_script_is_on_the_page_with_where_it_is_from(self):
        sources = PAGE[PAGE.index("| price | from |"):].partition("\n\n")[0]
        for what, price in COSTS.PRICES.items():
            per = price * COSTS.MILLION if price < 1e-5 else price
            text = f"${price:.10f}" if "GB-second" in what else f"${per:.2f}"
            with self.subTest(price=what):
                self.assertIn(text, sources)

    def test_alarms_and_memory_are_the_templates(self):
        alarms = [text for text in resources() if "\n    Type: AWS::CloudWatch::Alarm\n" in text]
        optional = [text for text in alarms if re.search(r"\n    Condition: \w+Deployed\n", text)]
        self.assertEqual(len(alarms), COSTS.ALL_ALARMS)
        self.assertEqual(len(alarms) - len(optional), COSTS.ALARMS)
        self.assertIn(f"**Alarms: {COSTS.ALL_ALARMS}** a stack with all functions, {COSTS.ALARMS} by default", PAGE)
        sizes = [int(size) for size in re.findall(r"^ +MemorySize: (\d+)$", TEMPLATE, flags=re.M)]
        self.assertEqual(sorted(sizes), [COSTS.MEMORY_MB, COSTS.PRUNE_MEMORY_MB])

    def test_what_is_free_is_taken_off_once_and_nothing_is_paid_back(self):
        used = COSTS.usage(COSTS.FLEETS[0], False)
        for what, price in COSTS.cost(used, True).items():
            with self.subTest(line=what):
                self.assertGreaterEqual(price, 0)
                self.assertLessEqual(price, COSTS.cost(used, False)[what])
        metric, alarm = "CloudWatch custom metric, month", "CloudWatch alarm, month"
        self.assertAlmostEqual(COSTS.cost(used, True)[metric], (used[metric] - 10) * 0.30)
        self.assertAlmostEqual(COSTS.cost(used, True)[alarm], (COSTS.ALARMS - 10) * 0.10)

    def test_a_tick_that_takes_a_second_longer_costs_six_cents_a_month(self):
        self.assertEqual(COSTS.TICKS, 8640)
        second = COSTS.TICKS * COSTS.MEMORY_MB / 1024
        self.assertEqual(second, 4320)
        self.assertEqual(f"{second * COSTS.PRICES['Lambda arm64, GB-second']:.2f}", "0.06")


if __name__ == "__main__":
    unittest.main()
