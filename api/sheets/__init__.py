"""Orders out and appeals in as the sheets that a hotline works with: CSV, Excel and JSON Lines."""

from api.sheets.appeals import read_appeals
from api.sheets.cells import SheetKind, harmless
from api.sheets.orders import write_orders

__all__ = ["SheetKind", "harmless", "read_appeals", "write_orders"]
