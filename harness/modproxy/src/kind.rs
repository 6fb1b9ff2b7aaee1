//! The kinds of things that are served, as metrics and headers tell them apart.

/// The kind of file that a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    List,
    Latest,
    Info,
    Mod,
    Zip,
    /// A checksum database's `supported`, `latest` and lookups.
    Sumdb,
    /// A checksum database's hash tiles.
    Tile,
    /// Health and readiness.
    Admin,
    /// Metrics; counted with health and readiness.
    Metrics,
    /// No request of the protocol.
    Other,
}

impl Kind {
    pub(crate) const ALL: [Self; 10] = [
        Self::List,
        Self::Latest,
        Self::Info,
        Self::Mod,
        Self::Zip,
        Self::Sumdb,
        Self::Tile,
        Self::Admin,
        Self::Metrics,
        Self::Other,
    ];

    /// Its name in metrics and logs.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::Latest => "latest",
            Self::Info => "info",
            Self::Mod => "mod",
            Self::Zip => "zip",
            Self::Sumdb => "sumdb",
            Self::Tile => "tile",
            Self::Admin | Self::Metrics => "admin",
            Self::Other => "other",
        }
    }

    pub(crate) fn content_type(self) -> &'static str {
        match self {
            Self::Info | Self::Latest => "application/json",
            Self::Zip => "application/zip",
            Self::Tile => "application/octet-stream",
            Self::Metrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Self::List | Self::Mod | Self::Sumdb | Self::Admin | Self::Other => TEXT,
        }
    }
}

/// The content type of texts, errors among them: `go` shows them only with it.
pub(crate) const TEXT: &str = "text/plain; charset=utf-8";
