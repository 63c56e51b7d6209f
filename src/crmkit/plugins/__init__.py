"""The bundled plugins; each goes through the same door as one by anybody else."""
