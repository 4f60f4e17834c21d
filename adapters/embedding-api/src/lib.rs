//! An embedder behind an HTTP API: that of OpenAI, or of TEI.
