"""Reading: criteria, the compiler that all reads pass, and pages."""
