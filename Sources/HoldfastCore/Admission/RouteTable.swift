// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// Finds the route of a public path: an exact one first, then the longest prefix.
package struct RouteTable<Route> {
    private let routes: [(pattern: PathPattern, route: Route)]

    package init(_ routes: [(pattern: PathPattern, route: Route)]) {
        self.routes = routes
    }

    package func route(for path: String) -> Route? {
        var best: (fit: Int, route: Route)?
        for (pattern, route) in routes {
            if let fit = pattern.fit(path), fit > best?.fit ?? -1 { best = (fit, route) }
        }
        return best?.route
    }
}
