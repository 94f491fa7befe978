"""From closures to a bundle: reading, cleaning, fitting and evaluating."""
