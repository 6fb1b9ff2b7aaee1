//! The kinds of things that are served, as metrics and headers tell them apart.

/// What a request is for.
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
    /// Health, readiness, metrics.
    Admin,
    /// What is no request of the protocol.
    Other,
}

impl Kind {
    pub(crate) const ALL: [Self; 9] = [
        Self::List,
        Self::Latest,
        Self::Info,
        Self::Mod,
        Self::Zip,
        Self::Sumdb,
        Self::Tile,
        Self::Admin,
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
            Self::Admin => "admin",
            Self::Other => "other",
        }
    }

    pub(crate) fn content_type(self) -> &'static str {
        match self {
            Self::Info | Self::Latest => "application/json",
            Self::Zip => "application/zip",
            Self::Tile => "application/octet-stream",
            Self::List | Self::Mod | Self::Sumdb | Self::Admin | Self::Other => TEXT,
        }
    }
}

/// The content type of texts, errors among them: `go` shows them only with it.
pub(crate) const TEXT: &str = "text/plain; charset=utf-8";
