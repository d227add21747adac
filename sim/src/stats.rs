//! What the numbers say: samples, exact while there are few, a histogram when there are many.
