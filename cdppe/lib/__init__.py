"""Small named modules that import no app."""

import os

# Before anything imports openpyxl: with lxml it would accept a DTD in the parts of a workbook.
os.environ["OPENPYXL_LXML"] = "False"
