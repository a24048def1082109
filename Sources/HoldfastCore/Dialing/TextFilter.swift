package import NIOCore
package struct TextFilter { package init(_ p: String) throws {}; package func matches(_ t: ByteBuffer) -> Bool { false } }
