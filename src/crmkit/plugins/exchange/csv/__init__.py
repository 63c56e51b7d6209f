"""CSV: any delimiter and encoding, columns mapped by their headers, cells that no spreadsheet runs."""
