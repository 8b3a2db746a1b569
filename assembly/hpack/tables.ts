/** Lays the tables of HPACK out when the module is instantiated; they are only read after. */
import { buildHuffman } from "./huffman";
import { buildMethods } from "./methods";
import { buildNames } from "./names";
import { buildStaticTable } from "./static-table";

// In this order: names need the code, entries need names and methods.
buildHuffman();
buildNames();
buildMethods();
buildStaticTable();
