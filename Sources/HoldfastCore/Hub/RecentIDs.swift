// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// The last ids of channels, two generations of them: when the young one is full, it becomes the old one, and what was there is forgotten.
struct RecentIDs: Sendable {
    private let generation: Int
    private var young: [ChannelName: String] = [:]
    private var old: [ChannelName: String] = [:]

    init(maxCount: Int) { generation = max(1, maxCount / 2) }

    subscript(channel: ChannelName) -> String? {
        get { young[channel] ?? old[channel] }
        set {
            guard let newValue else {
                young[channel] = nil
                old[channel] = nil
                return
            }
            if young.count >= generation, young[channel] == nil {
                old = young
                young = [:]
            }
            young[channel] = newValue
        }
    }
}
