//! A scriptable upstream: serves module corpora and a checksum database, records every request, injects faults.
