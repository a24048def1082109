// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

package struct TextFilter {
    package init(_ p: String) throws {}
    package func matches(_ t: ByteBuffer) -> Bool { false }
}
