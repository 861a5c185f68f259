//! Recording and drawing what threads did.
