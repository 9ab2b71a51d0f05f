"""Last: what all clients together were told."""

import unittest

import clinics


class Total(unittest.TestCase):
    def test_total(self):
        print(f"{clinics.TOTAL} ... ", end="")
        self.assertEqual(clinics.TOTAL.crossed, 0)
