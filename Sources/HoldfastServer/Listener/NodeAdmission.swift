// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

package import HoldfastCore
import NIOConcurrencyHelpers
import NIOCore
import Synchronization

/// How many sockets this node holds, over all event loops and per source address, and whether it takes more.
package final class NodeAdmission: Sendable {
    /// Clients beyond it get 503.
    package let maxConnections: Int
    /// Sockets beyond it are closed unread: they are kept apart from the files that webhooks and the control API need.
    let hardLimit: Int
    /// Connections to the control API at a time.
    let maxControlConnections: Int
    private let held = Atomic<Int>(0)
    private let draining = Atomic<Bool>(false)

    /// `nil` without limits per address: then accepting takes no lock.
    private let addresses: NIOLockedValueBox<AddressLedger>?

    /// How long a client may take to send its opening request.
    let handshakeTimeout: Duration
    /// The longest head of an opening request, in bytes.
    let maxHeadBytes: Int

    /// - Parameter files: what the limit of open files allows; `configuration` may ask for fewer connections.
    package init(_ configuration: GatewayConfiguration, files: OpenFileLimit.Plan) {
        maxConnections = min(configuration.maxConnections ?? files.connections, files.connections)
        hardLimit = maxConnections + files.spare
        maxControlConnections = files.control
        handshakeTimeout = configuration.handshakeTimeout
        maxHeadBytes = configuration.maxHeadBytes
        let (most, rate) = (configuration.maxConnectionsPerAddress, configuration.connectRatePerAddress)
        addresses = most == nil && rate == nil ? nil : NIOLockedValueBox(AddressLedger(maxHeld: most, rate: rate))
    }

    /// How a socket that was accepted stands.
    enum Standing {
        case welcome
        /// One too many for the node (``HandshakeRefusal/full``) or for its address: to be told so.
        case surplus(HandshakeRefusal)
        /// Far beyond the limits, where not even an answer is worth a file descriptor.
        case unwanted(HandshakeRefusal)
    }

    /// What is to be given back when a socket is gone, exactly once. It keeps the admission: a socket may go after its shard.
    enum Ticket {
        /// Its place on this node.
        case place(NodeAdmission)
        /// And its place among those of its address.
        case placeOfAddress(AddressPlace)

        func giveBack() {
            switch self {
            case .place(let admission): admission.held.subtract(1, ordering: .relaxed)
            case .placeOfAddress(let place):
                place.admission.held.subtract(1, ordering: .relaxed)
                place.admission.addresses?.withLockedValue { $0.left(place.network, place.verdict, at: .current) }
            }
        }
    }

    /// An object, so that a ticket costs a connection eight bytes.
    final class AddressPlace: Sendable {
        fileprivate let admission: NodeAdmission
        fileprivate let network: SourceNetwork
        fileprivate let verdict: AddressLedger.Verdict

        fileprivate init(_ admission: NodeAdmission, _ network: SourceNetwork, _ verdict: AddressLedger.Verdict) {
            self.admission = admission
            self.network = network
            self.verdict = verdict
        }
    }

    /// A socket was accepted.
    ///
    /// - Returns: how it stands, and what to give back when it is gone.
    func entered(from address: SocketAddress?) -> (Standing, Ticket) {
        let count = held.add(1, ordering: .relaxed).newValue
        guard let addresses, let network = address.flatMap(SourceNetwork.init) else { return (standing(count, .welcome), .place(self)) }
        let verdict = addresses.withLockedValue { $0.entered(network, at: .current) }
        return (standing(count, verdict), .placeOfAddress(AddressPlace(self, network, verdict)))
    }

    private func standing(_ count: Int, _ verdict: AddressLedger.Verdict) -> Standing {
        switch verdict {
        case _ where count > hardLimit: .unwanted(.full)
        case .drop: .unwanted(.address)
        case .surplus: .surplus(.address)
        case .welcome: count > maxConnections ? .surplus(.full) : .welcome
        }
    }

    package var count: Int { held.load(ordering: .relaxed) }

    package var isDraining: Bool { draining.load(ordering: .relaxed) }

    package func drain() { draining.store(true, ordering: .relaxed) }
}

extension SourceNetwork {
    /// `nil` for a socket that has no IP address.
    fileprivate init?(_ address: SocketAddress) {
        // Where sockaddr_in and sockaddr_in6 have the address: behind family and port, and for IPv6 the flow label.
        let place: Range<Int>
        switch address {
        case .v4: place = 4..<8
        case .v6: place = 8..<24
        case .unixDomainSocket: return nil
        }
        self.init(bytes: address.withSockAddr { bytes, size in Array(UnsafeRawBufferPointer(start: bytes, count: size)[place]) })
    }
}
