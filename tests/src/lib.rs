//! Nothing lives here: the tests stand in `system/`.
