//! One configuration of the clients of AWS services.
