// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// Finds the route of a public path: among those of the host that the client asks for, and else among those of any host, an exact path first, then
/// the longest beginning.
package struct RouteTable<Route> {
    package struct Entry {
        let host: String?
        let pattern: PathPattern
        let route: Route

        /// - Parameter host: in lower case and without a port; `nil` for any.
        package init(host: String? = nil, pattern: PathPattern, route: Route) {
            self.host = host
            self.pattern = pattern
            self.route = route
        }
    }

    private let entries: [Entry]
    private let hasHosts: Bool

    package init(_ entries: [Entry]) {
        self.entries = entries
        hasHosts = entries.contains { $0.host != nil }
    }

    /// - Parameter authority: what the client asked for (the `Host` header), with or without a port.
    package func route(for path: String, at authority: String? = nil) -> Route? {
        if hasHosts, let authority, let host = HostPort(authority, defaultPort: 80)?.host.lowercased(),
            let route = best(for: path, among: { $0.host == host })
        {
            return route
        }
        return best(for: path, among: { $0.host == nil })
    }

    private func best(for path: String, among isMeant: (Entry) -> Bool) -> Route? {
        var best: (fit: Int, route: Route)?
        for entry in entries where isMeant(entry) {
            if let fit = entry.pattern.fit(path), fit > best?.fit ?? -1 { best = (fit, entry.route) }
        }
        return best?.route
    }
}
