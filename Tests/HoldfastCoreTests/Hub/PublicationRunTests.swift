// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import HoldfastWire
import NIOCore
import Testing

struct PublicationRunTests {
    private static let room = ChannelName.sample("room")

    private static func publication(
        _ text: String, in channel: ChannelName = room, except: [ConnectionID] = [], details: PublicationDetails? = nil
    ) -> Publication {
        Publication(channel: channel, payload: .sample(text), except: except, details: details)
    }

    /// What a list begins with; `nil` stands for something other than a publication.
    private func first(_ items: [Publication?]) -> [Publication] { PublicationRun.first(of: items) { $0 } }

    @Test("Publications of one channel with nothing between them go out together")
    func together() {
        let (one, other) = (Self.publication("1"), Self.publication("2", details: PublicationDetails(previousID: "x")))
        #expect(first([one, other]) == [one, other])
        #expect(first([one, nil, other]) == [one])
        #expect(first([one, Self.publication("3", in: .sample("hall")), other]) == [one])
        #expect(first([nil, one]) == [])
        #expect(first([]) == [])
    }

    @Test(
        "What is not the same for all goes alone",
        arguments: [
            publication("", except: [.sample()]), publication("", details: PublicationDetails(webSocketFilters: ["skip-self"])),
            publication("", details: PublicationDetails(webSocket: .ping(ByteBuffer()))),
            publication("", details: PublicationDetails(webSocket: .pong(ByteBuffer()))),
            publication("", details: PublicationDetails(webSocket: .close(.normal, reason: ""))),
            publication("", details: PublicationDetails(webSocket: .refresh)), publication("", details: PublicationDetails(webSocket: .none)),
        ])
    func alone(_ publication: Publication) {
        let plain = Self.publication("plain")
        #expect(first([publication, plain]) == [publication])
        #expect(first([plain, publication, plain]) == [plain])
    }

    @Test("No filters are the same as filters that are none")
    func noFilters() {
        let list = [Self.publication("1", details: PublicationDetails(webSocketFilters: [])), Self.publication("2")]
        #expect(first(list) == list)
    }

    @Test("So many bytes go together, and a longer message goes alone")
    func bytes() {
        let half = Self.publication(String(repeating: "h", count: PublicationRun.mostBytes / 2))
        let long = Self.publication(String(repeating: "l", count: PublicationRun.mostBytes + 1))
        let short = Self.publication("s")
        #expect(first([half, half, short]) == [half, half])
        #expect(first([half, short, half]) == [half, short])
        #expect(first([long, short]) == [long])
        #expect(first([short, long]) == [short])
    }
}
