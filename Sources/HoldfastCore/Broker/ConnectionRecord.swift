// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// What another node needs to tell the app that a connection has ended.
package struct ConnectionRecord: Equatable, Sendable {
    package let id: ConnectionID
    /// Known to the gateway alone: a broker carries and keeps it as it is.
    package let bytes: ByteBuffer

    package init(id: ConnectionID, bytes: ByteBuffer) {
        self.id = id
        self.bytes = bytes
    }
}

/// A change to what another node keeps for this one.
package enum RecordChange: Equatable, Sendable {
    /// A connection came, or something that its record holds changed.
    case set(ConnectionRecord)
    /// The app has been told of its end, or need not be.
    case remove(ConnectionID)
}
