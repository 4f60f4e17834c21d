//! Events of AWS Lambda in, outcomes out.
