//! Go modules in the words of their protocol: versions, requests, patterns, GOPROXY lists, archives, the rules of zips.
