"""The core: a kernel that knows no CRM noun, and the four areas that every CRM needs."""
