//! An HTTP server with limits: connections, TLS and mutual TLS, reload, drain. It knows no path.
