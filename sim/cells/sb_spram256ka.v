// iCE40 UltraPlus SB_SPRAM256KA as a simulation model: 16 k x 16 bits, one port.
//
// After Lattice FPGA-TN-02022 (formerly TN1314), "iCE40 SPRAM Usage Guide" (2.1 the primitive,
// 2.2 its ports with table 2.1, in edition 1.0 of 2016 pages 3 to 5; 3 its power states, page
// 6): with CHIPSELECT a rising clock writes the nibbles that MASKWREN names if WREN, else reads;
// what the output shows after a clock that wrote or was not selected is not defined, here noise;
// nor are words that were never written, here a pattern.  Standby, sleep and power-off are refused.
module SB_SPRAM256KA(
    input [13:0] ADDRESS,
    input [15:0] DATAIN,
    input [3:0] MASKWREN,
    input WREN, CHIPSELECT, CLOCK, STANDBY, SLEEP, POWEROFF,
    output reg [15:0] DATAOUT
);
    reg [15:0] words [0:16383];
    wire [15:0] written = {{4{MASKWREN[3]}}, {4{MASKWREN[2]}}, {4{MASKWREN[1]}}, {4{MASKWREN[0]}}};

    integer k;
    initial for (k = 0; k < 16384; k = k + 1) words[k] = 16'h5a5a;

    // POWEROFF is active low.
    initial if (STANDBY !== 0 || SLEEP !== 0 || POWEROFF !== 1)
        $fatal(1, "SB_SPRAM256KA: only a memory at work is modelled");

    always @(posedge CLOCK) begin
        DATAOUT <= ~DATAOUT ^ {ADDRESS, 2'b01};
        if (CHIPSELECT) begin
            if (WREN)
                words[ADDRESS] <= (words[ADDRESS] & ~written) | (DATAIN & written);
            else
                DATAOUT <= words[ADDRESS];
        end
    end
endmodule
