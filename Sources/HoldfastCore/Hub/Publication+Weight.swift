// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire
import NIOCore

extension Publication {
    /// About how many bytes it keeps in memory.
    var weight: Int {
        var weight = 512 + payload.count + (id?.utf8.count ?? 0) + except.count * 32
        guard let details else { return weight }
        weight += details.previousID?.utf8.count ?? 0
        switch details.webSocket {
        case .ping(let bytes), .pong(let bytes): weight += bytes.readableBytes
        case .close(_, let reason): weight += reason.utf8.count
        case .message, .refresh, .none: break
        }
        for (name, value) in details.meta { weight += 64 + name.utf8.count + value.utf8.count }
        if case .send(let bytes)? = details.stream?.action { weight += bytes.readableBytes }
        if let response = details.response {
            for header in response.headers { weight += 64 + header.name.utf8.count + header.value.utf8.count }
            weight += response.reason?.utf8.count ?? 0
            switch response.body {
            case .bytes(let bytes): weight += bytes.readableBytes
            // Its parts are kept beside its bytes.
            case .patch(let patch): weight += 8 * patch.value.source.readableBytes
            }
        }
        let filters = [details.webSocketFilters, details.stream?.filters, details.response?.filters]
        for filter in filters.lazy.compactMap({ $0 }).joined() { weight += 32 + filter.utf8.count }
        return weight
    }
}
