//! One scenario for each row of the session table, in a peaceful world.
