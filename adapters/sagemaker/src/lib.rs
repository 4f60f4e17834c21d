//! An embedder behind a SageMaker endpoint.
